import { inspect } from 'node:util'
import { createMemoryTable } from '@fermata/orchestrator/adapters/memory/memory-table'
import { expect, onTestFinished, test } from 'vitest'
import { clinic, file, numberOf, type Referral } from '../../examples/encrypted/clinic.ts'
import { type Keys, rotate } from '../../examples/encrypted/keys.ts'
import { startInProcess } from '../support/in-process.ts'
import { ask, eventually } from './outside-stub.ts'

const referral: Referral = { patient: 'Jane Roe', reason: 'heart' }
const finding = { summary: 'Jane Roe is well', images: ['a', 'b'] }
const first = rotate(undefined, '2026-07').use
const { announce, use } = rotate(first, '2026-08')

test('the encrypted example goes on through a rotation, and leaves no name in the table', async () => {
  const table = createMemoryTable()
  const start = async (keys: Keys) => {
    const system = await startInProcess([clinic, file], { table, keys })
    onTestFinished(system.stop)
    return system
  }

  const before = await start(first)
  const sent = await ask(`${before.url}/clinic/refer/send`, 'POST', referral)
  const { invocationId: id } = sent.json as { invocationId: string }
  await eventually(async () => {
    const { json } = await ask(`${before.adminUrl}/invocations/${id}`, 'GET')
    return (json as { status: string }).status === 'suspended' ? json : undefined
  })
  await before.stop()

  const during = await start(announce)
  expect(
    (await ask(`${during.url}/invocations/${id}/signals/finding`, 'POST', finding)).status,
  ).toBe(204)
  const output = await ask(`${during.url}/invocations/${id}/attach`, 'GET')
  expect(output.json).toEqual({ ward: 'cardiology, for Jane Roe', count: 1 })
  await during.stop()

  const after = await start(use)
  const path = `${after.url}/file/${numberOf(referral)}`
  expect((await ask(`${path}/read`, 'POST')).json).toEqual([finding])
  expect((await ask(`${path}/add`, 'POST', finding)).json).toBe(2)

  const all = { depth: 9, maxArrayLength: 9_999, maxStringLength: 99_999 }
  const stored = inspect(table, all)
  expect(stored).toContain('"sealed"')
  expect(stored).not.toMatch(/Jane|cardiology/)
})

test('a key is announced before it is used, and is another each time', () => {
  expect(announce).toMatchObject({ current: '2026-07' })
  expect(use).toMatchObject({ current: '2026-08', keys: announce.keys })
  expect(announce.keys['2026-07']).toBe(first.keys['2026-07'])
  expect(rotate(first, '2026-08').use.keys['2026-08']).not.toBe(use.keys['2026-08'])
})
