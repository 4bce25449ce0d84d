import type { Wait } from './wait.ts'

/** What CloudFormation sends to the function behind a custom resource. */
export type CustomResourceEvent = {
  readonly RequestType: 'Create' | 'Update' | 'Delete'
  readonly ResponseURL: string
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
  readonly PhysicalResourceId?: string
  readonly ResourceProperties: Readonly<Record<string, unknown>>
  readonly OldResourceProperties?: Readonly<Record<string, unknown>>
}

/** What became of it. CloudFormation deletes what had another id before, once the whole update has succeeded. */
export type Done = {
  readonly physicalId: string
  readonly data?: Readonly<Record<string, string>>
}

/** What CloudFormation is told. */
export type Answer = (
  | { readonly done: Done }
  | { readonly reason: string; readonly physicalId: string }
) & {
  readonly event: CustomResourceEvent
}

const maxReason = 1_000
const tries = 5

/** Tells CloudFormation. Tried again: a stack that hears nothing waits until it gives up. */
export async function respond(
  answer: Answer,
  { sleep, everyMs }: Pick<Wait, 'sleep' | 'everyMs'>,
): Promise<void> {
  const { ResponseURL, StackId, RequestId, LogicalResourceId } = answer.event
  const outcome =
    'done' in answer
      ? {
          Status: 'SUCCESS',
          PhysicalResourceId: answer.done.physicalId,
          Data: answer.done.data ?? {},
        }
      : {
          Status: 'FAILED',
          PhysicalResourceId: answer.physicalId,
          Reason: answer.reason.slice(0, maxReason),
        }
  const body = JSON.stringify({ ...outcome, StackId, RequestId, LogicalResourceId })
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(ResponseURL, {
        method: 'PUT',
        // Bytes, for a text would get a type, and the URL is signed for a request without one.
        body: Buffer.from(body),
        signal: AbortSignal.timeout(10_000),
      })
      if (response.ok) return
      throw new Error(`CloudFormation answered ${response.status}`)
    } catch (error) {
      if (attempt >= tries) throw error
    }
    await sleep(everyMs)
  }
}
