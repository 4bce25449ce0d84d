import { describe, expect, onTestFinished, test } from 'vitest'
import { office, returns } from '../../examples/rate-limited/returns.ts'
import { submit } from '../../examples/rate-limited/submit.ts'
import { startInProcess } from '../support/in-process.ts'
import { ask, stubOutside } from './outside-stub.ts'

const quarter = '2026 Q3'

describe('the rate-limited example', () => {
  test('files each return once, however often it is asked for', async () => {
    const asked = stubOutside((_, body) => ({
      number: `N ${(body as { company: string }).company}`,
    }))
    const { url, stop } = await startInProcess([returns, office])
    onTestFinished(stop)
    const companies = ['Ada', 'Babbage', 'Curie', 'Ada']
    const answers = await submit(
      url,
      companies.map((company) => ({ company, quarter })),
    )
    expect(answers).toEqual(['Ada: N Ada', 'Babbage: N Babbage', 'Curie: N Curie', 'Ada: N Ada'])
    expect(asked.map(({ body }) => body)).toHaveLength(3)
  })

  test('keeps the office from the outside, and lets an operator lower its limits', async () => {
    stubOutside(() => ({ number: 'N' }))
    const { url, adminUrl, stop } = await startInProcess([returns, office])
    onTestFinished(stop)
    const refused = await ask(`${url}/tax-office/file`, 'POST', { company: 'Ada', quarter })
    expect(refused).toMatchObject({ status: 404, json: { code: 'handler-not-found' } })
    const limits = { concurrency: 1, rate: { limit: 1, per: '1s' } }
    const path = '/services/tax-office/handlers/file'
    const patched = await ask(`${adminUrl}${path}`, 'PATCH', limits)
    expect(patched.status).toBe(200)
    expect(await submit(url, [{ company: 'Ada', quarter }])).toEqual(['Ada: N'])
  })
})
