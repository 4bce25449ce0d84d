import type { Worker } from './worker.ts'

/** A request whose handler is running. */
export interface RunningInvoke {
  readonly requestId: string
  readonly functionName: string
  readonly version: string
  /** Of its worker process; undefined for an inline handler. */
  readonly pid: number | undefined
  readonly payload: string
}

/** Which of a function's running invokes is meant; `oldest` is the default everywhere. */
export type Which = 'oldest' | 'newest' | 'all' | ((invoke: RunningInvoke) => boolean)

interface Entry {
  readonly invoke: RunningInvoke
  readonly worker: Worker
  readonly cut: () => void
}

/** Every request whose handler is running, in the order of their starts. */
export class RunningInvokes {
  readonly #entries = new Map<string, Entry>()

  add(entry: Entry): void {
    this.#entries.set(entry.invoke.requestId, entry)
  }

  remove(requestId: string): void {
    this.#entries.delete(requestId)
  }

  list(functionName?: string): RunningInvoke[] {
    return this.#of(functionName).map(({ invoke }) => invoke)
  }

  select(functionName: string, which: Which): readonly Entry[] {
    const entries = this.#of(functionName)
    if (typeof which === 'function') return entries.filter(({ invoke }) => which(invoke))
    if (which === 'oldest') return entries.slice(0, 1)
    return which === 'newest' ? entries.slice(-1) : entries
  }

  #of(functionName: string | undefined): Entry[] {
    const entries = [...this.#entries.values()]
    if (functionName === undefined) return entries
    return entries.filter(({ invoke }) => invoke.functionName === functionName)
  }
}
