type Offered = { readonly next: bigint; accepted: boolean }

/**
 * How far a partition may be committed: up to the first record that is not accepted yet, whatever has been
 * accepted behind it (INV-8). Offsets have gaps (compaction, transaction markers), so each record brings
 * along where the partition goes on after it.
 *
 * ```
 * offered   10 11 14 15     next of 11 is 14
 * accepted  10 11    15     committable: 14
 * ```
 */
export class AcceptedPrefix {
  readonly #offered = new Map<bigint, Offered>()
  #position: bigint
  #committable: bigint

  constructor(start: bigint) {
    this.#position = start
    this.#committable = start
  }

  /** The offset of the next record to offer. */
  get position(): bigint {
    return this.#position
  }

  /** The offset to commit: the next one after the accepted prefix. */
  get committable(): bigint {
    return this.#committable
  }

  /** Offered and not accepted, or accepted behind one that is not. */
  get open(): number {
    return this.#offered.size
  }

  /** Takes the record at `offset` in; the partition goes on at `next`. */
  offer(offset: bigint, next: bigint = offset + 1n): void {
    this.#offered.set(offset, { next, accepted: false })
    this.#position = next
  }

  /** Nothing is left to offer before `next`: what stood there is no record. */
  skipTo(next: bigint): void {
    if (next <= this.#position) return
    // Stands in line like a record, accepted as soon as everything before it is.
    this.#offered.set(this.#position, { next, accepted: true })
    this.#position = next
    this.#advance()
  }

  accept(offset: bigint): void {
    const offered = this.#offered.get(offset)
    if (offered === undefined) return
    offered.accepted = true
    this.#advance()
  }

  #advance(): void {
    for (const [offset, { next, accepted }] of this.#offered) {
      if (!accepted) return
      this.#committable = next
      this.#offered.delete(offset)
    }
  }
}
