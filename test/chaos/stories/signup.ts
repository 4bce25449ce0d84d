import { workflowRunId } from '@fermata/lambda-runtime/protocol'
import { signup } from '../../../examples/signup/signup.ts'
import type { Stage } from '../stage.ts'
import type { Story } from './story.ts'

const hourMs = 3_600_000
const user = { name: 'Ada', email: 'ada@example.org' }
const to = (handler: string) => ({ service: 'signup', key: 'ada', handler })
const outside: Story['outside'] = ({ path }) => ({
  json: path === '/accounts' ? { account: 'A-1' } : {},
})

async function codeOf(stage: Stage): Promise<string> {
  const { body } = await stage.effect(({ key }) => key.endsWith('mail code'))
  return (body as { text: string }).text
}

/** What the run has set is there for others some time after it has begun to wait: whoever is too early asks again. */
function progress(stage: Stage, expected: string): Promise<true> {
  let asked = 0
  return stage.eventually(`the status ${expected}`, async () => {
    const output = await stage.call(to('status'), undefined, `status ${asked++}`)
    return (output as { value?: unknown }).value === expected ? true : undefined
  })
}

/** When the code came back is another moment in each run. */
function timeless(output: unknown): unknown {
  return JSON.parse(JSON.stringify(output, (name, value) => (name === 'verifiedAt' ? null : value)))
}

export const verifiedSignup: Story = {
  name: 'signup: the code comes back',
  functions: { signup: [signup] },
  outside,
  async play(stage) {
    const run = await stage.submit(to('run'), user, 'once')
    const again = await stage.submit(to('run'), { ...user, name: 'Eve' }, 'twice')
    const code = await codeOf(stage)
    await progress(stage, 'waiting')
    const wrong = await stage.call(to('verify'), 'wrong', 'wrong')
    const verified = await stage.call(to('verify'), code, 'right')
    const late = await stage.call(to('verify'), code, 'late')
    const output = timeless(await stage.outputOf(run))
    const status = await stage.call(to('status'), undefined, 'after')
    return {
      isOne: again === run && run === workflowRunId(to('run')),
      wrong,
      verified,
      late,
      output,
      status,
    }
  },
}

/** An hour passes first, and most of what happens in it is nothing. */
export const remindedSignup: Story = {
  name: 'signup: the code comes back after a reminder',
  isLong: true,
  functions: { signup: [signup] },
  outside,
  async play(stage) {
    const run = await stage.submit(to('run'), user, 'once')
    await stage.waiting(run, 'promise')
    await stage.effect(({ key }) => key.endsWith('mail reminder'), 2 * hourMs)
    await progress(stage, 'reminded')
    const verified = await stage.call(to('verify'), await codeOf(stage), 'right')
    return { verified, output: timeless(await stage.outputOf(run)) }
  },
}
