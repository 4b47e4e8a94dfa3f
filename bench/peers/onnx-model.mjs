// Writes the few ONNX models that onnxruntime-web is measured on: the protobuf wire format by hand, no library needed.
const utf8 = { encode: (value) => Buffer.from(value, "utf8") };

function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return bytes;
}

function concat(parts) {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

const integer = (field, value) => Uint8Array.from([...varint(field << 3), ...varint(value)]);
const bytes = (field, value) =>
  concat([Uint8Array.from([...varint((field << 3) | 2), ...varint(value.length)]), value]);
const text = (field, value) => bytes(field, utf8.encode(value));
const message = (field, ...parts) => bytes(field, concat(parts));

const FLOAT = 1;

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9. */
const tensor = (name, shape, values) =>
  message(
    5,
    ...shape.map((axis) => integer(1, axis)),
    integer(2, FLOAT),
    text(8, name),
    bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );

/** NodeProto: input 1, output 2, op_type 4. */
const node = (type, inputs, output) =>
  message(1, ...inputs.map((input) => text(1, input)), text(2, output), text(4, type));

/** ValueInfoProto: name 1, type 2 { tensor_type 1 { elem_type 1, shape 2 { dim 1 { dim_value 1 } } } }. */
const value = (field, name, shape) =>
  message(
    field,
    text(1, name),
    message(2, message(1, integer(1, FLOAT), message(2, ...shape.map((axis) => message(1, integer(1, axis)))))),
  );

/** ModelProto: ir_version 1, opset_import 8 { version 2 }, graph 7 { node 1, name 2, initializer 5, input 11, output 12 }. */
function model(nodes, initializers, inputs, output) {
  const values = [...inputs.map(([name, shape]) => value(11, name, shape)), value(12, ...output)];
  return concat([
    integer(1, 8),
    message(7, ...nodes, text(2, "graph"), ...initializers, ...values),
    message(8, integer(2, 17)),
  ]);
}

/** Dense layers with ReLU between and softmax at the end. */
export function netModel(weights, sizes, batch) {
  const nodes = [];
  const initializers = [];
  let last = "x";
  weights.forEach((values, i) => {
    initializers.push(tensor(`w${i}`, [sizes[i], sizes[i + 1]], values));
    initializers.push(tensor(`b${i}`, [sizes[i + 1]], new Float32Array(sizes[i + 1])));
    nodes.push(node("Gemm", [last, `w${i}`, `b${i}`], `z${i}`));
    last = i < weights.length - 1 ? `h${i}` : "y";
    nodes.push(node(i < weights.length - 1 ? "Relu" : "Softmax", [`z${i}`], last));
  });
  return model(nodes, initializers, [["x", [batch, sizes[0]]]], ["y", [batch, sizes.at(-1)]]);
}

/** y = op(x) for one elementwise operator. */
export const elementwiseModel = (type, n) => model([node(type, ["x"], "y")], [], [["x", [n]]], ["y", [n]]);

/** y = a b, with b a weight, which may be packed when the session is made. */
export const matmulModel = (b, n) =>
  model([node("MatMul", ["a", "b"], "y")], [tensor("b", [n, n], b)], [["a", [n, n]]], ["y", [n, n]]);
