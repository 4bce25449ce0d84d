/** Something that happens in a function or a replica and at which it may die. */
export type CrashPoint = { readonly where: 'function' | 'replica'; readonly name: string }

/** Counts what happens, and says at which of it to die: at one moment of the whole run, or never. */
export class CrashPlan {
  readonly seen: CrashPoint[] = []
  readonly #at: { readonly where: CrashPoint['where']; readonly index: number } | undefined
  #hasStruck = false

  constructor(at?: { readonly where: CrashPoint['where']; readonly index: number }) {
    this.#at = at
  }

  get hasStruck(): boolean {
    return this.#hasStruck
  }

  /** The `index`-th moment of its place: does whoever comes by die here? */
  strikes(point: CrashPoint): boolean {
    const index = this.count(point.where)
    this.seen.push(point)
    if (this.#at?.where !== point.where || this.#at.index !== index) return false
    this.#hasStruck = true
    return true
  }

  count(where: CrashPoint['where']): number {
    return this.seen.filter((point) => point.where === where).length
  }
}
