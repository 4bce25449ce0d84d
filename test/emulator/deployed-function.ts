import { FaultQueue } from './faults.ts'
import type { ResolvedFunction } from './function-spec.ts'
import { StatisticsRecorder } from './statistics.ts'
import type { Worker } from './worker.ts'
import { WorkerPool } from './worker-pool.ts'

export interface DeployedVersion {
  readonly spec: ResolvedFunction
  readonly pool: WorkerPool
}

/** One function with all its versions. */
export class DeployedFunction {
  readonly name: string
  readonly statistics: StatisticsRecorder = new StatisticsRecorder()
  readonly faults: FaultQueue = new FaultQueue()
  readonly #versions = new Map<string, DeployedVersion>()
  #roomWaiters: (() => void)[] = []
  #concurrency = Number.POSITIVE_INFINITY

  constructor(name: string) {
    this.name = name
  }

  get nextVersion(): string {
    return String(this.#versions.size + 1)
  }

  get versions(): readonly DeployedVersion[] {
    return [...this.#versions.values()]
  }

  get isFull(): boolean {
    return this.statistics.concurrent >= this.#concurrency
  }

  /** Reserves concurrency, for all versions together. */
  limit(concurrency: number): void {
    this.#concurrency = concurrency
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const wake of waiters) wake()
  }

  /** Versions are immutable, so each can be added once. */
  add(spec: ResolvedFunction, createWorker: () => Worker): void {
    if (this.#versions.has(spec.version)) throw new Error(`${spec.arn} is deployed already`)
    const pool = new WorkerPool(() => {
      this.statistics.add('coldStarts')
      return createWorker()
    })
    this.#versions.set(spec.version, { spec, pool })
  }

  /** Without a qualifier, and for `$LATEST`, what was deployed last. */
  find(qualifier = '$LATEST'): DeployedVersion | undefined {
    const newest = qualifier === '$LATEST' ? this.versions.at(-1) : undefined
    return this.#versions.get(qualifier) ?? newest
  }

  enter(): void {
    this.statistics.enter()
  }

  leave(): void {
    this.statistics.leave()
    this.#roomWaiters.shift()?.()
  }

  /** Waits, for an asynchronous invoke, until there is room. */
  async room(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.#roomWaiters.push(resolve))
  }
}
