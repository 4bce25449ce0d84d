import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import type { FaultPoint, InvocationView } from '@fermata/orchestrator/ports'
import type { FromProcess, Meter, PlannedFault, ToProcess } from './process-messages.ts'

export type OrchestratorSettings = {
  /** As in `FERMATA_CONFIG`; ports are free ones. */
  readonly config: object
  readonly dynamodb: string
  readonly lambda: string
  readonly faults?: readonly PlannedFault[]
}

/** For an answer of any kind: far more than any takes that comes at all. */
const patienceMs = 60_000

const entry = fileURLToPath(new URL('./orchestrator-process.ts', import.meta.url))
/** Compiled code, so that a start does not strip and compile everything again. */
const compileCache = fileURLToPath(new URL('../../../.cache/compile', import.meta.url))

/** An orchestrator in a process of its own. */
export class OrchestratorUnderTest {
  readonly #child: ChildProcess
  /** It has ended, and all that it printed is here. */
  readonly #closed: Promise<unknown>
  readonly #output: string[] = []
  readonly #reached: FaultPoint[] = []
  ingress = ''
  admin = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#closed = once(child, 'close')
    child.on('message', (message: FromProcess) => {
      if (message.kind === 'reached') this.#reached.push(message.point)
    })
    child.stdout?.on('data', (chunk: Buffer) => this.#output.push(chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => this.#output.push(chunk.toString()))
  }

  static async start(settings: OrchestratorSettings): Promise<OrchestratorUnderTest> {
    const child = fork(entry, {
      execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: environmentOf(settings),
    })
    const orchestrator = new OrchestratorUnderTest(child)
    const listening = await orchestrator.#next('listening')
    orchestrator.ingress = `http://127.0.0.1:${listening.ingressPort}`
    orchestrator.admin = `http://127.0.0.1:${listening.adminPort}`
    await orchestrator.#untilReady()
    return orchestrator
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** What it printed. */
  get output(): string {
    return this.#output.join('')
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  /** Gracefully. Answers the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    await this.#closed
    return this.#child.exitCode
  }

  /** Resolves when it is dead, by a fault of its plan. */
  async died(): Promise<void> {
    await this.#closed
  }

  /** Stops it in its tracks (SIGSTOP), until `thaw`. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** The points of its plan that it has come by. */
  get reached(): readonly FaultPoint[] {
    return this.#reached
  }

  /** Lets go on what a plan holds. */
  release(): void {
    this.#tell({ kind: 'release' })
  }

  async plan(...faults: readonly PlannedFault[]): Promise<void> {
    this.#tell({ kind: 'plan', faults })
    await this.#next('planned')
  }

  async meter(): Promise<Meter> {
    this.#tell({ kind: 'meter' })
    return (await this.#next('meter')).meter
  }

  /** Calls a handler and waits for its output. */
  async call(path: string, input: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#request(`${this.ingress}/${path}`, 'POST', input, headers)
  }

  async get(path: string): Promise<Answer> {
    return this.#request(`${this.admin}/${path}`, 'GET')
  }

  async post(path: string, body?: unknown): Promise<Answer> {
    return this.#request(`${this.admin}/${path}`, 'POST', body)
  }

  async invocation(id: InvocationId): Promise<InvocationView> {
    const { status, body } = await this.get(`invocations/${id}`)
    if (status !== 200) throw new Error(`${id}: ${status} ${JSON.stringify(body)}`)
    return body as InvocationView
  }

  /** Waits for the output. */
  async outputOf(id: InvocationId): Promise<Answer> {
    return this.#request(`${this.ingress}/invocations/${id}/attach`, 'GET')
  }

  async journal(id: InvocationId): Promise<readonly Segment[]> {
    const { body } = await this.get(`invocations/${id}/journal`)
    return (body as { segments: readonly Segment[] }).segments
  }

  async #request(
    url: string,
    method: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(patienceMs),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text === '' ? undefined : parsed(text),
      headers: response.headers,
    }
  }

  async #untilReady(): Promise<void> {
    const end = performance.now() + patienceMs
    while ((await this.get('ready')).status !== 200) {
      if (performance.now() > end) {
        throw new Error(`the orchestrator did not become ready:\n${this.output}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  #tell(message: ToProcess): void {
    this.#child.send(message)
  }

  #next<K extends FromProcess['kind']>(kind: K): Promise<Extract<FromProcess, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const hear = (message: FromProcess) => {
        if (message.kind !== kind) return
        leave()
        resolve(message as Extract<FromProcess, { kind: K }>)
      }
      const fail = (how: string) => {
        leave()
        reject(new Error(`the orchestrator ${how} "${kind}":\n${this.output}`))
      }
      const gone = () => fail('ended before')
      const late = setTimeout(() => fail('takes too long for'), patienceMs)
      const leave = () => {
        clearTimeout(late)
        this.#child.off('message', hear)
        this.#child.off('exit', gone)
      }
      this.#child.on('message', hear)
      this.#child.on('exit', gone)
    })
  }
}

export type Answer = {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function environmentOf(settings: OrchestratorSettings): NodeJS.ProcessEnv {
  const config = {
    table: 'fermata',
    createTable: true,
    ingress: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    log: { level: 'info' },
    ...settings.config,
  }
  return {
    NODE_COMPILE_CACHE: compileCache,
    FERMATA_CONFIG: JSON.stringify(config),
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: settings.dynamodb,
    AWS_ENDPOINT_URL_LAMBDA: settings.lambda,
    TEST_FAULTS: JSON.stringify(settings.faults ?? []),
  }
}
