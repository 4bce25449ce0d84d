import type { Worker } from './worker.ts'

/** The execution environments of one function version: it grows as requests need, and is reused. */
export class WorkerPool {
  readonly #create: () => Worker
  readonly #workers = new Set<Worker>()

  constructor(create: () => Worker) {
    this.#create = create
  }

  /** A worker with room for a request; the caller must give it that request at once. */
  acquire(): Worker {
    for (const worker of this.#workers) {
      if (worker.isUsable && worker.load < worker.capacity) return worker
    }
    return this.#grow()
  }

  /** Sees to it that so many workers have started. */
  async warm(count: number): Promise<void> {
    while (this.#workers.size < count) this.#grow()
    await Promise.all([...this.#workers].map((worker) => worker.started))
  }

  /** Ends the workers that have nothing to do, so that the next request meets a cold start. */
  async retireIdle(): Promise<void> {
    const idle = [...this.#workers].filter((worker) => worker.load === 0)
    await endAll(idle)
    for (const worker of idle) this.#workers.delete(worker)
  }

  get processes(): readonly Worker[] {
    return [...this.#workers].filter((worker) => worker.pid !== undefined)
  }

  #grow(): Worker {
    const worker = this.#create()
    this.#workers.add(worker)
    if (worker.pid !== undefined) void worker.gone.then(() => this.#workers.delete(worker))
    return worker
  }
}

async function endAll(workers: readonly Worker[]): Promise<void> {
  await Promise.all(
    workers.map((worker) => {
      if (worker.pid !== undefined) worker.signal('SIGKILL')
      return worker.gone
    }),
  )
}
