import { expect, onTestFinished, test } from 'vitest'
import { signup } from '../../examples/signup/signup.ts'
import { startInProcess } from '../support/in-process.ts'
import { ask, eventually, stubOutside } from './outside-stub.ts'

test('the signup example opens an account once the code has come back', async () => {
  const asked = stubOutside((path) => (path === '/accounts' ? { account: 'A-1' } : {}))
  const { url, stop } = await startInProcess([signup])
  onTestFinished(stop)
  const ada = `${url}/signup/ada`
  const user = { name: 'Ada', email: 'ada@example.org' }

  expect(await ask(`${ada}/status`, 'POST')).toMatchObject({ json: 'unknown' })
  const started = await ask(`${ada}/run/send`, 'POST', user)
  const again = await ask(`${ada}/run/send`, 'POST', { ...user, name: 'Eve' })
  const { invocationId } = started.json as { invocationId: string }
  expect(again.json).toEqual({ invocationId, status: 'previously_accepted' })

  const { body } = await eventually(() => asked.find(({ key }) => key.endsWith('mail code')))
  const { text: code } = body as { text: string }
  expect(await ask(`${ada}/verify`, 'POST', 'wrong')).toMatchObject({ status: 403 })
  await eventually(async () => {
    const { status, json } = await ask(`${ada}/verify`, 'POST', code)
    return status === 200 && json === true ? json : undefined
  })
  expect(await ask(`${ada}/verify`, 'POST', code)).toMatchObject({ json: false })
  expect(await ask(`${ada}/status`, 'POST')).toMatchObject({ json: 'verified' })

  const output = await ask(`${url}/invocations/${invocationId}/attach`, 'GET')
  expect(output.json).toMatchObject({ status: 'open', account: 'A-1' })
  expect(asked.map(({ path, body: sent }) => [path, (sent as { name?: string }).name])).toEqual([
    ['/mail/messages', undefined],
    ['/accounts', 'Ada'],
    ['/mail/messages', undefined],
  ])
})
