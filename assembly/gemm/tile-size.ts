/**
 * Sizes of register tiles as types. A tile is written once, straight-line, at its greatest size; instantiated for a
 * smaller one, its outer rows stand behind conditions that the compiler resolves (`size<H>() > 3`), and a branch not
 * taken is not compiled. Each class only lends its size in bytes: no object exists at run time.
 */
@unmanaged @final export class One { a: u8; }
@unmanaged @final export class Two { a: u16; }
@unmanaged @final export class Three { a: u16; b: u8; }
@unmanaged @final export class Four { a: u32; }
@unmanaged @final export class Five { a: u32; b: u8; }
@unmanaged @final export class Six { a: u32; b: u16; }
@unmanaged @final export class Eight { a: u64; }

/** Rows (or columns) of a tile of type H. */
@inline
export function size<H>(): i32 {
  return <i32>offsetof<H>();
}
