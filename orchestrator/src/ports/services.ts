import type { HandlerPolicy, PolicyLayer, PolicyPatch } from '../domain/services/policy.ts'
import type { InvocationStatus, InvocationView } from './invocation-view.ts'

export type HandlerView = {
  readonly name: string
  readonly mode: string
  /** Which deployment new invocations go to. */
  readonly deployment: string
  /** What holds, all layers together. */
  readonly policy: HandlerPolicy
  /** What operators have set for this handler. */
  readonly overrides: PolicyLayer
}

export type ServiceView = {
  readonly name: string
  readonly kind: 'service' | 'object' | 'workflow'
  readonly handlers: readonly HandlerView[]
  /** What operators have set for all its handlers. */
  readonly overrides: PolicyLayer
}

/** What is served, and by which policies. All throw FermataError. */
export interface ServiceAdmin {
  services(): Promise<readonly ServiceView[]>
  /** @throws `service-not-found` */
  service(name: string): Promise<ServiceView>
  /**
   * Changes what is set for a service, or for one handler of it; `null` takes all of it away. Other replicas hear of it
   * within seconds.
   * @throws `service-not-found` | `handler-not-found`
   */
  setPolicy(
    target: { readonly service: string; readonly handler: string | undefined },
    patch: PolicyPatch | null,
  ): Promise<ServiceView>
}

export type DeploymentView = {
  readonly id: string
  readonly address: string
  /** Epoch ms. */
  readonly createdAt: number
  readonly services: readonly string[]
  readonly sdk: string
}

export type RegisterOptions = { readonly force?: boolean; readonly newest?: boolean }

/** All throw FermataError. */
export interface DeploymentAdmin {
  /**
   * Discovers the services by invoking. Idempotent by address. `newest`: it takes new invocations from now on, also where
   * it was registered before: for a rollback.
   * @throws `deployment-unreachable` | `deployment-invalid` | `deployment-incompatible`, unless it is forced
   */
  register(address: string, options?: RegisterOptions): Promise<DeploymentView>
  deployments(): Promise<readonly DeploymentView[]>
  /** @throws `deployment-not-found` */
  deployment(id: string): Promise<DeploymentView>
  /**
   * Takes seconds, for all replicas must have heard of it before it is known that nothing starts there any more.
   * @throws `deployment-not-found` | `deployment-in-use`, unless it is forced
   */
  removeDeployment(id: string, options?: { readonly force?: boolean }): Promise<void>
}

export type InvocationQuery = {
  readonly service?: string
  readonly handler?: string
  readonly key?: string
  readonly status?: InvocationStatus
  /** Created at this time or later, epoch ms. */
  readonly since?: number
  readonly limit: number
  /** `next` of the page before. */
  readonly after?: string
}

export type InvocationPage = {
  readonly invocations: readonly InvocationView[]
  /** There may be more: ask again, `after` this. */
  readonly next: string | undefined
}

export interface InvocationListing {
  /**
   * Open invocations, and closed ones that were at work recently, or since `since`. A page may have fewer than
   * `limit`, or none, and yet be followed by others. @throws FermataError `bad-request` for an `after` that is none
   */
  invocations(query: InvocationQuery): Promise<InvocationPage>
}
