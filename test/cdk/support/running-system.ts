/** What the orchestrator says about itself, over its two ports on this machine. */
export type RunningSystem = {
  /** The versions of the function that serves a service, the newest first. */
  versionsServing(service: string): Promise<readonly Version[]>
  /** How many invocations are neither done nor given up. */
  countOpen(): Promise<number>
  course(invocationId: string): Promise<Course>
  resolve(awakeable: string, value: object): Promise<void>
}

export type Version = {
  readonly deploymentId: string
  readonly functionArn: string
  readonly version: string
}

/** What became of an invocation. */
export type Course = {
  /** Of the deployments that its attempts were on, each once. */
  readonly deploymentIds: readonly string[]
  readonly output: unknown
}

type Deployment = {
  readonly id: string
  readonly address: string
  readonly createdAt: number
  readonly services: readonly string[]
}
type Segment = { readonly entries: readonly { kind: string; deployment?: string }[] }

const closed: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'killed'])

export function systemAt(ports: { ingress: number; admin: number }): RunningSystem {
  const admin = async <T>(path: string) =>
    (await answer(`http://127.0.0.1:${ports.admin}${path}`)) as T
  const ingress = `http://127.0.0.1:${ports.ingress}`
  return {
    async versionsServing(service) {
      const { deployments } = await admin<{ deployments: Deployment[] }>('/deployments')
      return deployments
        .filter(({ services }) => services.includes(service))
        .toSorted((a, b) => b.createdAt - a.createdAt)
        .map(({ id, address }) => ({
          deploymentId: id,
          functionArn: address.split(':').slice(0, 7).join(':'),
          version: address.split(':').at(7) ?? '',
        }))
    },
    async countOpen() {
      const { invocations } = await admin<{ invocations: { status: string }[] }>(
        '/invocations?limit=1000',
      )
      return invocations.filter(({ status }) => !closed.has(status)).length
    },
    async course(id) {
      const { segments } = await admin<{ segments: Segment[] }>(`/invocations/${id}/journal`)
      const attempts = segments.flatMap(({ entries }) =>
        entries.flatMap(({ kind, deployment }) =>
          kind === 'attempt' && deployment !== undefined ? [deployment] : [],
        ),
      )
      const output = await answer(`${ingress}/invocations/${id}/attach`)
      return { deploymentIds: [...new Set(attempts)], output }
    },
    async resolve(awakeable, value) {
      const headers = { 'content-type': 'application/json' }
      const request = { method: 'POST', headers, body: JSON.stringify(value) }
      await answer(`${ingress}/awakeables/${awakeable}/resolve`, request)
    },
  }
}

async function answer(url: string, request: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, request)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
