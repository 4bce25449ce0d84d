import { AdminClient } from './admin-client.ts'
import { type Answer, type CustomResourceEvent, type Done, respond } from './custom-resource.ts'
import { failedPrefix, handleDeployment } from './deployment.ts'
import { handleSubscription } from './subscription.ts'
import type { Wait } from './wait.ts'

export type RegistrarDeps = {
  readonly wait: Wait
  readonly deleteVersion: (arn: string) => Promise<void>
  readonly log: (message: string) => void
}

/**
 * Does what CloudFormation asks for, and tells it what became of it: always, and with the reason.
 *
 * @throws Error when CloudFormation could not be told: Lambda asks again then, and all of it stands being done twice
 */
export async function handleEvent(event: CustomResourceEvent, deps: RegistrarDeps): Promise<void> {
  await respond(await outcomeOf(event, deps), deps.wait)
}

async function outcomeOf(event: CustomResourceEvent, deps: RegistrarDeps): Promise<Answer> {
  try {
    return { event, done: await act(event, deps) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    deps.log(reason)
    return { event, reason, physicalId: idOfFailed(event) }
  }
}

function act(event: CustomResourceEvent, deps: RegistrarDeps): Promise<Done> {
  const properties = event.ResourceProperties
  const admin = new AdminClient(String(properties['AdminUrl']), deps.wait)
  switch (properties['Kind']) {
    case 'deployment':
      return handleDeployment(event, { ...deps, admin })
    case 'subscription':
      return handleSubscription(event, { ...deps, admin })
    default:
      throw new Error(`There is no resource of the kind ${String(properties['Kind'])}`)
  }
}

/** What failed to be made is deleted by this id; what failed to change or to go keeps its own. */
function idOfFailed({ PhysicalResourceId, ResourceProperties }: CustomResourceEvent): string {
  const { Arn, Name } = ResourceProperties
  return PhysicalResourceId ?? `${failedPrefix}${String(Arn ?? Name)}`
}
