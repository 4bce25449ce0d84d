export const effectKinds = [
  'charge',
  'reservation',
  'approval request',
  'confirmation',
  'review request',
  'refund',
  'release',
  'cancellation',
] as const

/** What can happen to an order out there. */
export type EffectKind = (typeof effectKinds)[number]

/** Something done once, however often it was asked for under its idempotency key. */
export interface Effect {
  readonly kind: EffectKind
  readonly order: string
  readonly key: string
  readonly requests: number
}

/** What the world outside has seen: the witness that the demo's claims are held against. */
export class Ledger {
  readonly #effects = new Map<string, Effect>()
  readonly #seen = new Set<string>()
  readonly #refusedOrders = new Set<string>()
  #outages = 0
  #lostAnswers = 0

  /** Books one request. Answers whether it is the first with its key. */
  record(kind: EffectKind, order: string, key: string): boolean {
    const known = this.#effects.get(key)
    this.#effects.set(key, { kind, order, key, requests: (known?.requests ?? 0) + 1 })
    this.#seen.add(`${kind} ${order}`)
    return known === undefined
  }

  has(key: string): boolean {
    return this.#effects.has(key)
  }

  hasSeen(kind: EffectKind, order: string): boolean {
    return this.#seen.has(`${kind} ${order}`)
  }

  refuse(order: string): void {
    this.#refusedOrders.add(order)
  }

  countOutage(): void {
    this.#outages += 1
  }

  countLostAnswer(): void {
    this.#lostAnswers += 1
  }

  get effects(): readonly Effect[] {
    return [...this.#effects.values()]
  }

  /** Orders that were refused a payment or a reservation. */
  get refusedOrders(): ReadonlySet<string> {
    return this.#refusedOrders
  }

  /** Requests answered 503 before anything was done. */
  get outages(): number {
    return this.#outages
  }

  /** Requests whose effect happened, and whose answer did not arrive. */
  get lostAnswers(): number {
    return this.#lostAnswers
  }

  count(kind: EffectKind): number {
    return this.effects.filter((effect) => effect.kind === kind).length
  }
}
