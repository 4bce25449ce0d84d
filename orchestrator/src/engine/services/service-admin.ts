import type { ManifestService } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '../../domain/errors.ts'
import { noOverrides } from '../../domain/services/policy-document.ts'
import type {
  HandlerView,
  Logger,
  RegistryStore,
  ServiceAdmin,
  ServiceView,
} from '../../ports/index.ts'
import type { Permits } from '../permits.ts'
import type { Deployment } from './deployment-document.ts'
import type { Directory } from './directory.ts'
import { patchOverrides } from './policies.ts'

export type ServiceAdminDeps = {
  readonly directory: Directory
  readonly permits: Pick<Permits, 'recheck'>
  readonly registry: RegistryStore
  readonly logger: Logger
}

/** What operators see of services, and set for them. */
export function createServiceAdmin(deps: ServiceAdminDeps): ServiceAdmin {
  const { directory, permits } = deps
  return {
    async services() {
      await directory.refresh()
      const names = new Set(
        directory.all().flatMap(({ manifest }) => manifest.services.map(nameOf)),
      )
      return [...names].toSorted().map((name) => serviceView(directory, name))
    },
    async service(name) {
      await directory.refresh()
      return serviceView(directory, name)
    },
    async setPolicy({ service, handler }, patch) {
      await directory.refresh()
      const view = serviceView(directory, service)
      if (handler !== undefined && !view.handlers.some(({ name }) => name === handler)) {
        throw new FermataError('handler-not-found', `No deployment serves ${service}/${handler}`)
      }
      await patchOverrides(deps, { service, handler }, patch)
      await directory.refresh()
      // Somebody may wait at a limit that is higher now.
      permits.recheck()
      return serviceView(directory, service)
    },
  }
}

/** @throws FermataError `service-not-found` */
function serviceView(directory: Directory, name: string): ServiceView {
  const serving = directory.all().filter(({ manifest }) => manifest.services.some(hasName(name)))
  const kind = serving[0]?.manifest.services.find(hasName(name))?.kind
  if (kind === undefined) {
    throw new FermataError('service-not-found', `No deployment serves "${name}"`)
  }
  const handlers = new Set(serving.flatMap((deployment) => handlersOf(deployment, name)))
  return {
    name,
    kind,
    handlers: [...handlers].flatMap((handler) => handlerView(directory, name, handler)),
    overrides: (directory.overridesOf(name) ?? noOverrides).service,
  }
}

/** A handler that only an older version serves is there, too: new invocations of it go to that one. */
function handlerView(directory: Directory, service: string, handler: string): HandlerView[] {
  const target = { service, handler }
  const deployment = directory.find(target)
  const stated = deployment?.manifest.services
    .find(hasName(service))
    ?.handlers.find(hasName(handler))
  if (deployment === undefined || stated === undefined) return []
  const overrides = directory.overridesOf(service)?.handlers[handler] ?? {}
  const policy = directory.policyOf(target, deployment)
  return [{ name: handler, mode: stated.mode, deployment: deployment.id, policy, overrides }]
}

function handlersOf({ manifest }: Deployment, service: string): string[] {
  return manifest.services.find(hasName(service))?.handlers.map(nameOf) ?? []
}

function nameOf({ name }: Pick<ManifestService, 'name'>): string {
  return name
}

function hasName(name: string) {
  return (one: { readonly name: string }) => one.name === name
}
