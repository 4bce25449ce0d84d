/** A bug to be planted: each `from` stands once in its file, and becomes `to`. */
export type Mutant = {
  readonly name: string
  /** Which of the interleavings of docs/invariants.md it brings back. */
  readonly trace?: number
  readonly edits: readonly Edit[]
  /** It must be found within so many seeds. */
  readonly within: number
}

export type Edit = { readonly file: string; readonly from: string; readonly to: string }

export function one(file: string, from: string, to: string): readonly Edit[] {
  return [{ file, from, to }]
}
