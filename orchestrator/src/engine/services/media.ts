import { type InvocationId, serviceOf, type Target } from '@fermata/lambda-runtime/protocol'
import type { Media } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import { handlerIn } from '../objects/mode.ts'

type Deps = Pick<EngineDeps, 'directory' | 'sessions'>

/** The media types of a handler, or of an invocation's handler. */
export async function mediaOf(deps: Deps, of: Target | InvocationId): Promise<Media> {
  const target = typeof of === 'string' ? await targetOf(deps, of) : of
  if (target === undefined) return {}
  const { accepts, answers } = handlerIn(await deps.directory.resolve(target), target) ?? {}
  return { ...(accepts !== undefined && { accepts }), ...(answers !== undefined && { answers }) }
}

/** The journal is asked only where the service has a handler to which it matters. */
async function targetOf(
  { directory, sessions }: Deps,
  id: InvocationId,
): Promise<Target | undefined> {
  const service = serviceOf(id)
  const matters = directory
    .all()
    .some(({ manifest }) =>
      manifest.services
        .filter(({ name }) => name === service)
        .some(({ handlers }) => handlers.some(({ answers }) => answers !== undefined)),
    )
  if (!matters) return undefined
  const state = await sessions.use(id, (session) => session.refresh())
  return state?.created.target
}
