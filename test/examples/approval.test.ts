import { describe, expect, onTestFinished, test } from 'vitest'
import { expenses } from '../../examples/approval/expenses.ts'
import { type InProcess, startInProcess } from '../support/in-process.ts'
import { type Asked, ask, eventually, stubOutside } from './outside-stub.ts'

const claim = { employee: 'Ada', amount: 90, purpose: 'books' }

async function open(): Promise<InProcess & { asked: readonly Asked[]; id: string; task: string }> {
  const asked = stubOutside((path) => {
    if (path === '/budgets/reserve') return { budget: 'B-1' }
    return path === '/payments' ? { payment: 'P-1' } : {}
  })
  const parts = await startInProcess([expenses])
  onTestFinished(parts.stop)
  const { json } = await ask(`${parts.url}/expenses/claim/send`, 'POST', claim)
  const { body } = await eventually(() => asked.find(({ path }) => path === '/reviews'))
  const { task } = body as { task: string }
  return { ...parts, asked, id: (json as { invocationId: string }).invocationId, task }
}

const pathsOf = (asked: readonly Asked[]) => asked.map(({ path }) => path)

describe('the approval example', () => {
  test('pays out what was approved, on pay day', async () => {
    const { url, asked, id, task } = await open()
    expect((await ask(`${url}/awakeables/${task}/heartbeat`, 'POST')).status).toBe(204)
    await ask(`${url}/awakeables/${task}/resolve`, 'POST', { approved: true, by: 'Grace' })
    await ask(`${url}/invocations/${id}/signals/pay%20day`, 'POST')

    const { json } = await ask(`${url}/invocations/${id}/attach`, 'GET')
    expect(json).toEqual({ payment: 'P-1', approvedBy: 'Grace' })
    expect(pathsOf(asked)).toEqual(['/budgets/reserve', '/reviews', '/payments'])
  })

  test('gives the budget back when the claim is declined', async () => {
    const { url, asked, id, task } = await open()
    await ask(`${url}/awakeables/${task}/resolve`, 'POST', { approved: false, by: 'Grace' })

    const { status, json } = await ask(`${url}/invocations/${id}/attach`, 'GET')
    expect({ status, json }).toMatchObject({ status: 409, json: { detail: 'declined by Grace' } })
    expect(pathsOf(asked)).toEqual(['/budgets/reserve', '/reviews', '/budgets/release'])
  })

  test('gives the budget back when the claim is cancelled', async () => {
    const { url, adminUrl, asked, id } = await open()
    await eventually(async () => {
      const { json } = await ask(`${adminUrl}/invocations/${id}`, 'GET')
      return (json as { status: string }).status === 'suspended' ? json : undefined
    })
    await ask(`${adminUrl}/invocations/${id}/cancel`, 'POST', { reason: 'bought it myself' })

    const { json } = await ask(`${url}/invocations/${id}/attach`, 'GET')
    expect(json).toMatchObject({ code: 'cancelled' })
    expect(pathsOf(asked)).toEqual(['/budgets/reserve', '/reviews', '/budgets/release'])
    const view = await ask(`${adminUrl}/invocations/${id}`, 'GET')
    expect(view.json).toMatchObject({ status: 'cancelled' })
  })
})
