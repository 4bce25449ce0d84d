/** What the world outside was asked for: one line for each idempotency key, however often it was asked. */
export type Effect = { readonly path: string; readonly key: string; readonly body: unknown }

/** Answers a request of an example: JSON, or an error by its status. With a 5xx nothing was done. */
export type Answer = (effect: Effect) => { readonly status?: number; readonly json: unknown }

type Done = { readonly effect: Effect; readonly response: string; readonly status: number }

/**
 * The world outside, as `fetch` sees it. Whoever asks twice with one key gets the first answer again and nothing is
 * done a second time; asking twice for different things under one key is a mistake of the handler, and kept as such.
 */
export class Outside {
  readonly #answer: Answer
  readonly #done = new Map<string, Done>()
  readonly mistakes: string[] = []

  constructor(answer: Answer) {
    this.#answer = answer
  }

  /** What was done, by key. */
  get effects(): readonly Effect[] {
    return [...this.#done.values()]
      .map(({ effect }) => effect)
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  readonly fetch = async (input: URL | string, init: RequestInit = {}): Promise<Response> => {
    const path = new URL(input).pathname
    const headers = new Headers(init.headers)
    const key = headers.get('idempotency-key')
    const body: unknown = JSON.parse(String(init.body ?? 'null'))
    if (key === null) {
      this.mistakes.push(`${path} was asked for without an idempotency key`)
      return new Response('no key', { status: 400 })
    }
    const { response, status } = this.perform({ path, key, body })
    return new Response(response, { status })
  }

  /** Does it, or answers what it has answered before. */
  perform(effect: Effect): Done {
    const { key } = effect
    const known = this.#done.get(key)
    if (known === undefined) return this.#do(effect)
    const [before, now] = [JSON.stringify(known.effect), JSON.stringify(effect)]
    if (before !== now) this.mistakes.push(`${key}: ${before}, then ${now}`)
    return known
  }

  #do(effect: Effect): Done {
    const { status = 200, json } = this.#answer(effect)
    const done = { effect, response: JSON.stringify(json ?? null), status }
    if (status < 500) this.#done.set(effect.key, done)
    return done
  }
}
