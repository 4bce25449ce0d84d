import type { Wait } from './wait.ts'

/** The admin API refused. `code` is the problem's. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

export type Deployment = {
  readonly id: string
  readonly address: string
  readonly createdAt: number
  readonly services: readonly string[]
}

export type Subscription = {
  readonly name: string
  readonly source: string
  readonly sink: string
  readonly options?: {
    readonly startFrom?: string
    readonly limits?: { readonly running?: number }
    readonly owner?: string
  }
}

export type SubscriptionStatus = {
  readonly kind: 'starting' | 'running' | 'stopping' | 'stopped'
  readonly failure?: { readonly code: string; readonly message: string }
}

/** Discovery takes a cold start, a removal a look at everything that is open. */
const longestAnswerMs = 90_000

type Method = 'GET' | 'POST' | 'DELETE'

/** What the registrar asks of an orchestrator. All throw AdminError. */
export class AdminClient {
  readonly #url: string
  readonly #wait: Wait

  /** @param url for instance `http://admin.fermata.internal:9070` */
  constructor(url: string, wait: Wait) {
    this.#url = url.replace(/\/$/, '')
    this.#wait = wait
  }

  /** Waits until it accepts; `forMs` at most. */
  async untilReady(forMs: number): Promise<void> {
    await this.#retry(forMs, () => this.#ask('GET', '/ready'), isPassing)
  }

  /** It is the newest from then on. Waits while the function cannot be invoked: a policy takes seconds to spread. */
  async register(arn: string, forMs: number): Promise<Deployment> {
    const body = { arn, newest: true }
    const isLate = (error: AdminError) =>
      isPassing(error) || error.code === 'deployment-unreachable'
    return (await this.#retry(
      forMs,
      () => this.#ask('POST', '/deployments', body),
      isLate,
    )) as Deployment
  }

  async deployments(): Promise<readonly Deployment[]> {
    const answer = await this.#patient(() => this.#ask('GET', '/deployments'))
    return (answer as { readonly deployments: readonly Deployment[] }).deployments
  }

  /** @throws AdminError `deployment-in-use` */
  async removeDeployment(id: string, force = false): Promise<void> {
    await this.#patient(() => this.#ask('DELETE', `/deployments/${id}?force=${force}`)).catch(
      ignore('deployment-not-found'),
    )
  }

  async subscribe(subscription: Subscription, forMs: number): Promise<void> {
    const isLate = (error: AdminError) => isPassing(error) || error.code === 'kafka-unreachable'
    await this.#retry(forMs, () => this.#ask('POST', '/subscriptions', subscription), isLate)
  }

  async subscription(
    name: string,
  ): Promise<(Subscription & { readonly status: SubscriptionStatus }) | undefined> {
    const answer = await this.#patient(() => this.#ask('GET', '/subscriptions'))
    const { subscriptions } = answer as {
      readonly subscriptions: readonly (Subscription & { readonly status: SubscriptionStatus })[]
    }
    return subscriptions.find((one) => one.name === name)
  }

  async unsubscribe(name: string): Promise<void> {
    const path = `/subscriptions/${encodeURIComponent(name)}`
    await this.#patient(() => this.#ask('DELETE', path)).catch(ignore('subscription-not-found'))
  }

  /** Rides out a task that is being replaced. */
  #patient(ask: () => Promise<unknown>): Promise<unknown> {
    return this.#retry(this.#wait.patienceMs, ask, isPassing)
  }

  async #retry(
    forMs: number,
    ask: () => Promise<unknown>,
    isLate: (error: AdminError) => boolean,
  ): Promise<unknown> {
    const until = Math.min(this.#wait.now() + forMs, this.#wait.deadline)
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof AdminError) || !isLate(error)) throw error
        if (this.#wait.now() + this.#wait.everyMs >= until) throw error
        await this.#wait.sleep(this.#wait.everyMs)
      }
    }
  }

  #patienceOfOne(): number {
    return Math.max(1, Math.min(longestAnswerMs, this.#wait.giveUpAt - this.#wait.now()))
  }

  async #ask(method: Method, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(this.#patienceOfOne()),
    }).catch((error: unknown) => {
      throw new AdminError('unreachable', 0, `${this.#url} does not answer (${causeOf(error)})`)
    })
    const text = await response.text()
    if (response.ok) return text === '' ? undefined : JSON.parse(text)
    throw problemOf(response.status, text)
  }
}

/** Nobody is there, or not yet. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof AdminError && error.code === 'unreachable'
}

const passing: ReadonlySet<string> = new Set(['unreachable', 'not-ready', 'store-unreachable'])

/** `http-5…` is a load balancer's. */
function isPassing({ code }: AdminError): boolean {
  return passing.has(code) || code.startsWith('http-5')
}

function ignore(code: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof AdminError) || error.code !== code) throw error
  }
}

function problemOf(status: number, text: string): AdminError {
  try {
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string }
    if (code !== undefined) return new AdminError(code, status, detail ?? code)
  } catch {
    // A load balancer, say.
  }
  return new AdminError(
    `http-${status}`,
    status,
    `The admin API answered ${status}: ${text.slice(0, 200)}`,
  )
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
