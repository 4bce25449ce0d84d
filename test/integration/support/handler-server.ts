import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type HandlerGateway, openHandlerGateway } from './handler-gateway.ts'

export type HandlerServerSpec = {
  readonly entry: string
  readonly environment: Readonly<Record<string, string>>
  /** Of `serve()`; what JSON can carry. */
  readonly options: object
}

const main = fileURLToPath(new URL('./handler-server-process.ts', import.meta.url))
const compileCache = fileURLToPath(new URL('../../../.cache/compile', import.meta.url))

/** A server of handlers in a process of its own, behind a gateway. */
export class HandlerServerUnderTest {
  readonly gateway: HandlerGateway
  readonly #spec: HandlerServerSpec
  readonly #output: string[] = []
  #child: ChildProcess | undefined
  readonly #frozen: ChildProcess[] = []

  private constructor(gateway: HandlerGateway, spec: HandlerServerSpec) {
    this.gateway = gateway
    this.#spec = spec
  }

  static async start(spec: HandlerServerSpec): Promise<HandlerServerUnderTest> {
    const server = new HandlerServerUnderTest(await openHandlerGateway(), spec)
    await server.boot()
    return server
  }

  get url(): string {
    return this.gateway.url
  }

  /** What it printed. */
  get output(): string {
    return this.#output.join('')
  }

  /** Starts a process; from then on the gateway leads to it. An earlier one goes on with what it has. */
  async boot(): Promise<void> {
    const { entry, environment, options } = this.#spec
    const child = fork(main, [entry, JSON.stringify(options)], {
      execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { NODE_COMPILE_CACHE: compileCache, ...environment },
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#output.push(chunk.toString()))
    }
    const exited = once(child, 'exit').then(() => {
      throw new Error(`the server of handlers ended before it listened:\n${this.output}`)
    })
    const [message] = await Promise.race([once(child, 'message'), exited])
    exited.catch(() => undefined)
    this.#child = child
    this.gateway.route((message as { port: number }).port)
  }

  /** Ends the process in its tracks. */
  async kill(): Promise<void> {
    this.gateway.route(undefined)
    await this.#end('SIGKILL')
  }

  /** Gracefully. Answers the exit code. */
  async stop(): Promise<number | null> {
    this.gateway.route(undefined)
    return this.#end('SIGTERM')
  }

  /** Stops the process in its tracks: a zombie, once it is thawed. */
  freeze(): void {
    if (this.#child === undefined) return
    this.#child.kill('SIGSTOP')
    this.#frozen.push(this.#child)
    this.#child = undefined
  }

  thaw(): void {
    for (const child of this.#frozen) child.kill('SIGCONT')
  }

  async close(): Promise<void> {
    for (const child of this.#frozen) child.kill('SIGKILL')
    await this.kill()
    await this.gateway.close()
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return null
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    }
    return child.exitCode
  }
}
