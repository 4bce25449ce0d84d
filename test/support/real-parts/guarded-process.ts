import { type ChildProcess, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { PartFailedError } from './missing-part-error.ts'

/**
 * Beside the program a guard waits on a pipe of ours. When we end in whatever way, SIGKILL included,
 * the kernel closes the pipe, and the guard kills the program and removes its folder. A line on the
 * pipe dismisses it.
 */
const script = `
(
  if read -r _ <&3; then exit 0; fi
  kill -KILL $$ 2>/dev/null
  if [ -n "$0" ]; then rm -rf "$0"; fi
) &
exec "$@" 3<&- </dev/null`

const keptOutputChars = 8_000
const probeEveryMs = 50
const lastWordsMs = 2_000

export interface GuardedProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Removed when the process is disposed of, and also when this process dies first. */
  readonly dataDirectory?: string
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly workingDirectory?: string
}

/** A program that does not outlive this process. POSIX only: it has a process group of its own. */
export class GuardedProcess {
  readonly #options: GuardedProcessOptions
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  readonly #saidAll: Promise<void>
  #output = ''
  #running = true

  constructor(options: GuardedProcessOptions) {
    this.#options = options
    this.#child = spawn(
      '/bin/sh',
      ['-c', script, options.dataDirectory ?? '', options.command, ...options.args],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        ...(options.environment === undefined ? {} : { env: options.environment }),
        ...(options.workingDirectory === undefined ? {} : { cwd: options.workingDirectory }),
      },
    )
    this.#child.stdout?.on('data', this.#keepOutput)
    this.#child.stderr?.on('data', this.#keepOutput)
    this.#saidAll = new Promise((resolve) => void this.#child.once('close', () => resolve()))
    // The guard may be gone when it is dismissed.
    this.#guard.on('error', () => {})
    this.#exited = new Promise((resolve) => {
      const ended = () => {
        this.#running = false
        this.#guard.end('dismissed\n')
        resolve()
      }
      this.#child.once('exit', ended).once('error', (error) => {
        this.#output += String(error)
        ended()
      })
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#running
  }

  /** `null` while it runs, and when a signal ended it. */
  get exitCode(): number | null {
    return this.#child.exitCode
  }

  /** The end of what it printed. */
  get output(): string {
    return this.#output.trim()
  }

  /** Waits until `probe` succeeds. Throws {@link PartFailedError} when the program ends before that. */
  async waitUntilReady(probe: () => Promise<unknown>, withinMs: number): Promise<void> {
    const giveUpAt = performance.now() + withinMs
    for (;;) {
      if (!this.#running) {
        // Its last words may come after its end; who holds its output open longer is not waited for.
        await Promise.race([this.#saidAll, delay(lastWordsMs, undefined, { ref: false })])
        throw new PartFailedError(`${this.#name} ended at start.`, this.output)
      }
      try {
        await probe()
        return
      } catch (error) {
        if (performance.now() > giveUpAt) {
          const problem = `${this.#name} was not ready within ${withinMs} ms (${error}).`
          throw new PartFailedError(problem, this.output)
        }
      }
      await Promise.race([delay(probeEveryMs), this.#exited])
    }
  }

  /** Ends it, politely for as long as `graceMs` says, and waits until it is gone. */
  async end({ graceMs = 0 }: { readonly graceMs?: number } = {}): Promise<void> {
    if (graceMs > 0 && this.#running) {
      this.#signal('SIGTERM')
      await Promise.race([this.#exited, delay(graceMs, undefined, { ref: false })])
    }
    if (this.#running) this.#signal('SIGKILL')
    await this.#exited
  }

  /** Ends it at once and removes its data. */
  async dispose(): Promise<void> {
    await this.end()
    const directory = this.#options.dataDirectory
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }

  get #name(): string {
    return `${this.#options.command} ${this.#options.args.at(-1) ?? ''}`
  }

  get #guard(): Writable {
    return this.#child.stdio[3] as Writable
  }

  readonly #keepOutput = (chunk: Buffer): void => {
    this.#output = (this.#output + chunk.toString()).slice(-keptOutputChars)
  }

  /** Signals the program alone: its guard, in the same group, goes by itself. */
  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) this.#child.kill(signal)
  }
}
