import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import type { CustomResourceEvent } from './custom-resource.ts'
import { handleEvent } from './handle-event.ts'

type Context = { getRemainingTimeInMillis(): number }

/** Left for a last request, and then to tell CloudFormation what became of it. */
const lastMs = 15_000
const reportMs = 15_000

const lambda = new LambdaClient({})

/** The function behind the custom resources. */
export async function handler(event: CustomResourceEvent, context: Context): Promise<void> {
  const giveUpAt = Date.now() + context.getRemainingTimeInMillis() - reportMs
  await handleEvent(event, {
    wait: {
      now: Date.now,
      sleep: (ms) => sleep(ms),
      deadline: giveUpAt - lastMs,
      giveUpAt,
      patienceMs: 60_000,
      everyMs: 1_000,
    },
    deleteVersion,
    log: (message) => process.stdout.write(`${message}\n`),
  })
}

async function deleteVersion(arn: string): Promise<void> {
  const parts = arn.split(':')
  const FunctionName = parts.slice(0, 7).join(':')
  const Qualifier = parts.at(7)
  // Without a version it would be the function itself.
  if (Qualifier === undefined || !/^\d+$/.test(Qualifier)) return
  try {
    await lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier }))
  } catch (error) {
    // An alias may point to it. It costs nothing but its storage.
    process.stdout.write(`${arn} was not deleted: ${String(error)}\n`)
  }
}
