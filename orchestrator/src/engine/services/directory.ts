import type { ManifestHandler, ManifestService, Target } from '@fermata/lambda-runtime/protocol'
import {
  type HandlerPolicy,
  type PolicyLayer,
  resolvePolicy,
} from '../../domain/services/policy.ts'
import type { Overrides } from '../../domain/services/policy-document.ts'
import type { Clock, Invoker, Logger, RegisterOptions, RegistryStore } from '../../ports/index.ts'
import type { Deployment } from './deployment-document.ts'
import { type Listed, listDeployments, markGoing, register } from './deployment-registry.ts'
import { listOverrides } from './policies.ts'

type HandlerName = Pick<Target, 'service' | 'handler'>

/** Which deployments there are, which of them serves what, and by which policies. */
export interface Directory {
  /** The newest deployment that serves the handler, as far as this replica has heard. */
  find(target: HandlerName): Deployment | undefined
  /**
   * Where something new starts: like `find`, but it asks the registry before it gives up or relies on what it heard
   * long ago, and waits for what is about to be removed to be removed, or to stay.
   */
  resolve(target: HandlerName): Promise<Deployment | undefined>
  byId(id: string): Promise<Deployment | undefined>
  /** All that serve the handler, the newest first. */
  serversOf(target: HandlerName): readonly Deployment[]
  policyOf(target: HandlerName, deployment?: Deployment): HandlerPolicy
  /** What operators have set for the service. */
  overridesOf(service: string): Overrides | undefined
  /** The newest first. */
  all(): readonly Deployment[]
  /**
   * Discovers what the address serves and makes it known. Idempotent by address.
   * @throws FermataError `deployment-incompatible`, unless it is forced
   */
  register(address: string, options?: RegisterOptions): Promise<Deployment>
  refresh(): Promise<void>
}

export type DirectoryDeps = {
  readonly registry: RegistryStore
  readonly invoker: Pick<Invoker, 'discover'>
  readonly clock: Clock
  readonly logger: Logger
  readonly defaults: HandlerPolicy
}

/** How often a replica asks what others registered, set or removed. */
export const directoryMs = 2_000
/** Nothing new starts by what a replica heard longer ago than this: after it, all know of a removal. */
export const trustMs = 5_000
/** A mark that nobody renews for so long was left behind by somebody who died. */
const goingMs = 30_000
const goingPollMs = 250

export function createDirectory(deps: DirectoryDeps): Directory {
  return new RegisteredDirectory(deps)
}

class RegisteredDirectory implements Directory {
  readonly #deps: DirectoryDeps
  #known: readonly Deployment[] = []
  #overrides: ReadonlyMap<string, Overrides> = new Map()
  readonly #policies = new Map<string, HandlerPolicy>()
  /** Marks of removals, and since when this replica has seen each (monotonic ms): clocks are not compared. */
  #marks: ReadonlyMap<string, { readonly rev: number; readonly since: number }> = new Map()
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined

  constructor(deps: DirectoryDeps) {
    this.#deps = deps
  }

  find(target: HandlerName): Deployment | undefined {
    return this.#startsOn(target) ?? this.#known.find((one) => handlerOf(one, target))
  }

  async resolve(target: HandlerName): Promise<Deployment | undefined> {
    const { clock } = this.#deps
    if (clock.monotonic() - this.#askedAt > trustMs) await this.refresh()
    if (this.find(target) === undefined) await this.refresh()
    for (;;) {
      const found = this.#startsOn(target)
      if (found !== undefined || this.find(target) === undefined) return found
      await clock.sleep(goingPollMs)
      await this.refresh()
    }
  }

  async byId(id: string): Promise<Deployment | undefined> {
    if (!this.#known.some((deployment) => deployment.id === id)) await this.refresh()
    return this.#known.find((deployment) => deployment.id === id)
  }

  serversOf(target: HandlerName): readonly Deployment[] {
    return this.#known.filter((one) => handlerOf(one, target) !== undefined)
  }

  policyOf(target: HandlerName, deployment = this.find(target)): HandlerPolicy {
    const name = `${deployment?.id} ${target.service}/${target.handler}`
    const known = this.#policies.get(name)
    if (known !== undefined) return known
    const policy = resolvePolicy(this.#layersOf(target, deployment), this.#deps.defaults)
    this.#policies.set(name, policy)
    return policy
  }

  overridesOf(service: string): Overrides | undefined {
    return this.#overrides.get(service)
  }

  all(): readonly Deployment[] {
    return this.#known
  }

  async register(address: string, options: RegisterOptions = {}): Promise<Deployment> {
    const deployment = await register(this.#deps, address, options)
    await this.refresh()
    return deployment
  }

  /** One question at a time: who asks meanwhile gets an answer to a question that was put after his. */
  async refresh(): Promise<void> {
    const before = this.#asking
    if (before !== undefined) {
      await before.catch(() => undefined)
      // Somebody who waited as well has put it again.
      if (this.#asking !== undefined) return this.#asking
    }
    this.#asking = this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #ask(): Promise<void> {
    const askedAt = this.#deps.clock.monotonic()
    const [listed, overrides] = await Promise.all([
      listDeployments(this.#deps),
      listOverrides(this.#deps),
    ])
    this.#known = listed.map(({ deployment }) => deployment)
    this.#overrides = overrides
    this.#policies.clear()
    this.#askedAt = askedAt
    await this.#dropMarks(listed)
  }

  #startsOn(target: HandlerName): Deployment | undefined {
    return this.#known.find(
      (one) => one.going === undefined && handlerOf(one, target) !== undefined,
    )
  }

  #layersOf(target: HandlerName, deployment: Deployment | undefined): PolicyLayer[] {
    const { service = {}, handlers = {} } = this.#overrides.get(target.service) ?? {}
    const served = deployment && handlerOf(deployment, target)
    const code =
      served === undefined ? [] : [policiesOf(served.service), policiesOf(served.handler)]
    return [...code, service, handlers[target.handler] ?? {}]
  }

  /** Takes away the marks of removals that nobody carries on. */
  async #dropMarks(listed: readonly Listed[]): Promise<void> {
    const now = this.#deps.clock.monotonic()
    const marked = listed.filter(({ deployment }) => deployment.going !== undefined)
    const seen = marked.map((one) => {
      const before = this.#marks.get(one.deployment.id)
      const since = before?.rev === one.rev ? before.since : now
      return { one, since }
    })
    this.#marks = new Map(
      seen.map(({ one, since }) => [one.deployment.id, { rev: one.rev, since }]),
    )
    const left = seen.filter(({ since }) => now - since > goingMs)
    await Promise.all(left.map(({ one }) => markGoing(this.#deps, one, undefined)))
  }
}

function handlerOf(
  { manifest }: Deployment,
  target: HandlerName,
): { readonly service: ManifestService; readonly handler: ManifestHandler } | undefined {
  const service = manifest.services.find((one) => one.name === target.service)
  const handler = service?.handlers.find((one) => one.name === target.handler)
  return service === undefined || handler === undefined ? undefined : { service, handler }
}

/** What the definition says of policies, and nothing else. */
function policiesOf(stated: ManifestService | ManifestHandler): PolicyLayer {
  const { retry, timeoutMs, retentionMs, inactivityMs, idempotencyRetentionMs } = stated
  const { concurrency, rate, private: isPrivate } = stated
  return {
    ...(retry !== undefined && { retry }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retentionMs !== undefined && { retentionMs }),
    ...(inactivityMs !== undefined && { inactivityMs }),
    ...(idempotencyRetentionMs !== undefined && { idempotencyRetentionMs }),
    ...(concurrency !== undefined && { concurrency }),
    ...(rate !== undefined && { rate }),
    ...(isPrivate !== undefined && { private: isPrivate }),
  }
}
