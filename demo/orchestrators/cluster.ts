import type { Replica } from './replica.ts'

/** What came back, of whichever replica. Status 503 with an empty body: none could be reached. */
export interface Answer {
  readonly status: number
  readonly body: string
}

type Method = 'GET' | 'POST'

/** After that it asks the next one. */
const patienceMs = 5_000
const unreachable: Answer = { status: 503, body: '' }

/** The replicas behind a load balancer: a request goes to each in turn, until one answers. */
export class Cluster {
  readonly #replicas: readonly Replica[]
  readonly #answerWithinMs: number
  #turn = 0

  constructor(replicas: readonly Replica[], answerWithinMs: number = patienceMs) {
    this.#replicas = replicas
    this.#answerWithinMs = answerWithinMs
  }

  /** To port 8080 of the service: what users of handlers call. */
  ingress(method: Method, path: string, body?: unknown): Promise<Answer> {
    return this.#send(({ ingressUrl }) => `${ingressUrl}${path}`, method, body)
  }

  /** To port 9070: what operators and deploy scripts call. */
  admin(method: Method, path: string, body?: unknown): Promise<Answer> {
    return this.#send(({ adminUrl }) => `${adminUrl}${path}`, method, body)
  }

  async #send(urlOf: (replica: Replica) => string, method: Method, body: unknown): Promise<Answer> {
    const living = this.#replicas.filter(({ isKilled }) => !isKilled)
    const first = this.#turn
    this.#turn += 1
    for (let tried = 0; tried < living.length; tried += 1) {
      const replica = living[(first + tried) % living.length]
      if (replica === undefined) break
      const answer = await this.#ask(urlOf(replica), method, body)
      if (answer.status < 500) return answer
    }
    return unreachable
  }

  async #ask(url: string, method: Method, body: unknown): Promise<Answer> {
    try {
      const response = await fetch(url, {
        method,
        signal: AbortSignal.timeout(this.#answerWithinMs),
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      return { status: response.status, body: await response.text() }
    } catch {
      return unreachable
    }
  }
}
