import type { Json } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { Receiver } from '@fermata/orchestrator/domain/subscriptions/route-record'
import type {
  AcceptRequest,
  HandlerDirectory,
  RecordAcceptor,
} from '@fermata/orchestrator/engine/subscriptions/record-acceptor'
import type { LogFields, Logger, RegistryStore } from '@fermata/orchestrator/ports'

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
}

export type LogLine = {
  readonly level: string
  readonly message: string
  readonly fields: LogFields
}

/** A logger that keeps its warnings and errors. */
export function recordingLogger(lines: LogLine[] = [], context: LogFields = {}): Logger {
  const write = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ level, message, fields: { ...context, ...fields } })
  return {
    ...silentLogger,
    warn: write('warn'),
    error: write('error'),
    child: (fields) => recordingLogger(lines, { ...context, ...fields }),
  }
}

/** The engine as subscriptions see it: invocations by id, shared by all replicas. */
export class Invocations implements RecordAcceptor {
  readonly requests: AcceptRequest[] = []
  readonly duplicates: AcceptRequest[] = []
  readonly #timestamps = new Map<string, number>()
  #failures: (request: AcceptRequest) => Error | undefined = () => undefined
  #capacity: Promise<void> = Promise.resolve()

  /** The input of everything accepted, in order. */
  get inputs(): unknown[] {
    return this.requests.map(({ input }) => ('json' in input ? input.json : input))
  }

  fail(failures: (request: AcceptRequest) => Error | undefined): void {
    this.#failures = failures
  }

  /** Accepts wait from now on. */
  fillUp(): void {
    this.#capacity = Promise.withResolvers<void>().promise
  }

  async accept(request: AcceptRequest, signal: AbortSignal): Promise<'accepted' | 'duplicate'> {
    const failure = this.#failures(request)
    if (failure !== undefined) throw failure
    const aborted = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => aborted.reject(signal.reason))
    await Promise.race([this.#capacity, aborted.promise])
    const known = this.#timestamps.get(request.id)
    if (known === undefined) {
      this.#timestamps.set(request.id, request.origin.timestamp)
      this.requests.push(request)
      return 'accepted'
    }
    if (known !== request.origin.timestamp) {
      throw new FermataError('topic-recreated', 'the record has another timestamp')
    }
    this.duplicates.push(request)
    return 'duplicate'
  }
}

/** Which handlers there are; `hear` is what a replica learns when it asks. */
export class Handlers implements HandlerDirectory {
  readonly registered: Set<string>
  refreshes = 0
  #heard: ReadonlySet<string> = new Set()

  constructor(registered: Set<string>) {
    this.registered = registered
  }

  has(service: string, handler: string): boolean {
    return this.#heard.has(`${service}/${handler}`)
  }

  /** Those of the service `cart` have a key, and those of `scans` take bytes. */
  receiver(service: string, handler: string): Receiver | undefined {
    if (!this.has(service, handler)) return undefined
    const accepts = service === 'scans' ? 'application/octet-stream' : undefined
    return { isKeyed: service === 'cart', accepts }
  }

  async refresh(): Promise<void> {
    this.refreshes++
    this.#heard = new Set(this.registered)
  }
}

/** A registry that can be away. */
export class FlakyRegistry implements RegistryStore {
  readonly #inner: RegistryStore
  away = false

  constructor(inner: RegistryStore) {
    this.#inner = inner
  }

  async get(collection: string, name: string) {
    this.#check()
    return this.#inner.get(collection, name)
  }

  async list(collection: string, after: string, limit: number) {
    this.#check()
    return this.#inner.list(collection, after, limit)
  }

  async put(collection: string, name: string, body: Json, rev: number | undefined) {
    this.#check()
    return this.#inner.put(collection, name, body, rev)
  }

  async remove(collection: string, name: string, rev: number) {
    this.#check()
    return this.#inner.remove(collection, name, rev)
  }

  #check(): void {
    if (this.away) throw new FermataError('store-unreachable', 'the table is away')
  }
}
