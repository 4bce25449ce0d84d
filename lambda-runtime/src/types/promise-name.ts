/** The name of a durable promise or a signal, with the type of what comes of it. */
export interface PromiseName<T> {
  readonly name: string
  /** Never set: it keeps the type. */
  readonly '~value'?: T
}
