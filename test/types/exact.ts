type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if `A` and `B` are the very same type: `exact<A, B>(true)`. */
export function exact<A, B>(_same: Equal<A, B>): void {}
