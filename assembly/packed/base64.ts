/** Decoding of base64, RFC 4648, section 4: the platforms' own make strings of it, which take longer to read than this. */

/** Decodes what stands in [from, end), whole groups of four characters, in its place. Pads decode to rubbish. */
export function fromBase64(from: usize, end: usize): void {
  let group = 0;
  let to = from;
  for (let at = from; at < end; at++) {
    const character = <i32>load<u8>(at);
    const value =
      character >= 97 ? character - 71 // a to z
      : character >= 65 ? character - 65 // A to Z
      : character >= 48 ? character + 4 // 0 to 9
      : character == 43 ? 62 : 63; // + and /
    group = group << 6 | value;
    if ((at - from & 3) != 3) continue;
    store<u8>(to, <u8>(group >> 16));
    store<u8>(to + 1, <u8>(group >> 8));
    store<u8>(to + 2, <u8>group);
    to += 3;
  }
}
