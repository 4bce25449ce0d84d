import type { Manifest, ManifestHandler, ManifestService } from '@fermata/lambda-runtime/protocol'

/** What one deployment serves. `function`: of which function it is a version. */
export type Served = {
  readonly id: string
  readonly function: string
  readonly manifest: Manifest
}

/**
 * Why a new deployment would break what goes on: each reason a sentence. `known`: all others, the newest first. Only
 * what is served now is compared; what runs stays on the version that it runs on.
 */
export function incompatibilities(next: Omit<Served, 'id'>, known: readonly Served[]): string[] {
  return [
    ...next.manifest.services.flatMap((service) => [
      ...malformed(service),
      ...changed(service, known),
    ]),
    ...removed(next, known),
  ]
}

function malformed({ name, kind, handlers }: ManifestService): string[] {
  const hasRun = handlers.some(({ mode }) => mode === 'workflow')
  return kind === 'workflow' && !hasRun ? [`the workflow "${name}" has no handler "run"`] : []
}

function changed(service: ManifestService, known: readonly Served[]): string[] {
  const current = known.find((one) => serviceOf(one, service.name) !== undefined)
  const before = current && serviceOf(current, service.name)
  if (current === undefined || before === undefined) return []
  if (before.kind === service.kind) {
    return service.handlers.flatMap((handler) => changedMode(service.name, handler, known))
  }
  return [
    `"${service.name}" is of kind ${before.kind} on ${current.id} and of kind ${service.kind} here: ids and keys of the two do not fit`,
  ]
}

function changedMode(service: string, handler: ManifestHandler, known: readonly Served[]) {
  const current = known.find((one) => handlerOf(one, service, handler.name) !== undefined)
  const before = current && handlerOf(current, service, handler.name)
  if (current === undefined || before === undefined || before.mode === handler.mode) return []
  return [
    `"${service}/${handler.name}" is ${before.mode} on ${current.id} and ${handler.mode} here: callers and queues rely on that`,
  ]
}

/** Only the version before this one speaks for its function. */
function removed(next: Omit<Served, 'id'>, known: readonly Served[]): string[] {
  const previous = known.find((one) => one.function === next.function)
  const others = known.filter((one) => one.function !== next.function)
  return (previous?.manifest.services ?? []).flatMap(({ name, handlers }) =>
    handlers
      .filter((handler) => ![next, ...others].some((one) => handlerOf(one, name, handler.name)))
      .map(
        (handler) =>
          `"${name}/${handler.name}" is served by ${previous?.id}, the version before this one, and by no other function; it is missing here`,
      ),
  )
}

function serviceOf({ manifest }: Pick<Served, 'manifest'>, name: string) {
  return manifest.services.find((service) => service.name === name)
}

function handlerOf(served: Pick<Served, 'manifest'>, service: string, handler: string) {
  return serviceOf(served, service)?.handlers.find(({ name }) => name === handler)
}
