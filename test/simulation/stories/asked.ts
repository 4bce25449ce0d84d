import type { InvocationId, Target } from '@fermata/lambda-runtime/protocol'
import { type Act, gaveBy, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

/** What somebody asks for, again until it is taken. */
export type Asked = {
  readonly name: string
  readonly target: Target
  readonly input: unknown
  readonly at: number
  readonly delayMs?: number
  id: InvocationId | undefined
}

export function asking(asked: Asked): Act {
  const { name, target, input, at, delayMs } = asked
  return {
    at,
    what: `asks for ${name}`,
    play: async (stage) => {
      const delay = delayMs === undefined ? {} : { delayMs }
      asked.id = await submit(stage, { target, input, key: name, ...delay })
      return asked.id !== undefined
    },
  }
}

/** Those that were taken, and did not give what they should. */
export function wrong(
  universe: Universe,
  all: readonly Asked[],
  isRight: (value: unknown, asked: Asked) => boolean,
): readonly string[] {
  return all.flatMap((one) => {
    if (one.id === undefined) return []
    const gave = gaveBy(universe, one.id)
    return isRight(gave, one) ? [] : [`${one.name} (${one.id}) gave ${JSON.stringify(gave)}`]
  })
}
