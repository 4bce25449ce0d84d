/** Where an invocation came from. Offsets are decimal text: they outgrow a double. Timestamps are epoch ms. */
export type Origin =
  | {
      readonly kind: 'kafka'
      readonly subscription: string
      readonly topic: string
      readonly partition: number
      readonly offset: string
      readonly timestamp: number
      readonly key?: string
    }
  | { readonly kind: 'http' }
  | { readonly kind: 'call'; readonly invocation: string; readonly op: number }
  | { readonly kind: 'send'; readonly invocation: string; readonly op: number }
  /** `tick`: when it was due; it may run later. */
  | { readonly kind: 'schedule'; readonly schedule: string; readonly tick: number }
  /** `sends` of one key were put together. */
  | { readonly kind: 'collected'; readonly how: 'debounce' | 'batch'; readonly sends: number }
