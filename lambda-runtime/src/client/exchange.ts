import { durationToMs } from '../duration.ts'
import type { ConnectOptions, RequestOptions } from '../types/client.ts'
import type { Body } from './bodies.ts'
import { errorOf, isOutcome, type Problem, problemIn } from './problems.ts'
import { RequestError } from './request-error.ts'

/** A request that may be sent more than once: doing it twice is doing it once. */
export interface Exchange {
  readonly method: 'GET' | 'POST'
  /** From the root, with its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Body
}

const defaultAttempts = 10
const firstDelayMs = 100
const maxDelayMs = 5_000
/** A timer that is set to more fires at once. */
const longestTimerMs = 2 ** 31 - 1
/** A connection that held for so long was no failure to connect: tries are counted from there. */
const steadyMs = 10_000
/** Of proxies that could not reach the orchestrator, and of an orchestrator that is busy. */
const worthAnotherTry: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Sends requests to one orchestrator, again where that is safe and of use. */
export class Exchanger {
  readonly #base: string
  readonly #options: ConnectOptions
  readonly #maxAttempts: number

  constructor(url: string, options: ConnectOptions) {
    this.#base = new URL(url).href.replace(/\/+$/, '')
    this.#options = options
    this.#maxAttempts = options.maxAttempts ?? defaultAttempts
  }

  /**
   * The answer, which is a success, once its body has been read by `read`: a connection may break then as well.
   * @throws TerminalError | RequestError, or the reason of the signal
   */
  async ask<T>(
    exchange: Exchange,
    options: RequestOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { signal, release } = limitOf(options, this.#options)
    try {
      return await this.#askUntil(signal, exchange, read)
    } finally {
      release()
    }
  }

  async #askUntil<T>(
    limit: AbortSignal | undefined,
    exchange: Exchange,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      const begun = performance.now()
      const tried = await this.#try(exchange, limit, read)
      if (tried.kind === 'done') return tried.value
      if (performance.now() - begun > steadyMs) failures = 1
      if (failures >= this.#maxAttempts) throw tried.error
      await pause(tried.afterMs ?? backoff(failures), limit)
    }
  }

  async #try<T>(
    exchange: Exchange,
    limit: AbortSignal | undefined,
    read: (response: Response) => Promise<T>,
  ): Promise<Tried<T>> {
    try {
      const response = await this.#fetch(exchange, limit)
      if (response.ok) return { kind: 'done', value: await readAll(response, read) }
      const problem = await problemIn(response)
      const error = errorOf(response, problem)
      if (!isWorthAnotherTry(response, problem)) throw error
      return { kind: 'failed', error, afterMs: retryAfterMs(response) }
    } catch (error) {
      limit?.throwIfAborted()
      if (!(error instanceof Disconnected)) throw error
      const message = `The orchestrator at ${this.#base} cannot be reached`
      const { cause } = error
      return { kind: 'failed', error: new RequestError('connection-failed', message, { cause }) }
    }
  }

  async #fetch(
    { method, path, headers, body }: Exchange,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { fetch = globalThis.fetch, headers: always } = this.#options
    const type = body?.type === undefined ? {} : { 'content-type': body.type }
    const init: RequestInit = {
      method,
      headers: { ...always, ...headers, ...type },
      ...(body !== undefined && { body: body.content as NonNullable<RequestInit['body']> }),
      ...(signal !== undefined && { signal }),
    }
    return await connected(fetch(`${this.#base}${path}`, init))
  }
}

type Tried<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: Error; readonly afterMs?: number | undefined }

/** The connection failed, before the answer or while it came. */
class Disconnected extends Error {}

async function connected<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new Disconnected('', { cause })
  }
}

/** The body first, then its meaning: only the one can fail for the connection's sake. */
async function readAll<T>(
  response: Response,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const { status, headers } = response
  if (status === 204) return await read(response)
  const content = await connected(response.arrayBuffer())
  return await read(new Response(content, { status, headers }))
}

function isWorthAnotherTry(response: Response, problem: Problem | undefined): boolean {
  const { status } = response
  if (problem === undefined) return worthAnotherTry.has(status)
  return (status === 429 || status === 503) && !isOutcome(response)
}

/** In seconds, as the orchestrator says it; a date is left to the backoff. */
function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return seconds >= 0 ? Math.min(seconds * 1_000, longestTimerMs) : undefined
}

/** Half of it by chance, so that many who failed together do not come back together. */
function backoff(failures: number): number {
  const delayMs = Math.min(firstDelayMs * 2 ** (failures - 1), maxDelayMs)
  return delayMs * (0.5 + Math.random() / 2)
}

/** What ends a request before its time. */
interface Limit {
  readonly signal: AbortSignal | undefined
  /** The request is over: no timer is left of it, however long its timeout was. */
  readonly release: () => void
}

function limitOf({ signal, timeout }: RequestOptions, defaults: ConnectOptions): Limit {
  const longest = timeout ?? defaults.timeout
  if (longest === undefined) return { signal, release: () => undefined }
  const late = lateSignal(durationToMs(longest))
  const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
  return { ...late, signal: either }
}

function lateSignal(ms: number): Limit & { readonly signal: AbortSignal } {
  const late = new AbortController()
  const end = (): void => late.abort(new RequestError('timeout', `No answer within ${ms} ms`))
  const timer = setTimeout(end, Math.min(ms, longestTimerMs))
  letGo(timer)
  return { signal: late.signal, release: () => clearTimeout(timer) }
}

/** Nobody is kept alive by a time that may never matter; browsers have no such notion. */
function letGo(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) {
    const { unref } = timer
    if (typeof unref === 'function') unref.call(timer)
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
