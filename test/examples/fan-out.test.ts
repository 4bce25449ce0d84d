import { connect } from '@fermata/lambda-runtime/client'
import { expect, onTestFinished, test } from 'vitest'
import { newsletter, post } from '../../examples/fan-out/newsletter.ts'
import { startInProcess } from '../support/in-process.ts'
import { stubOutside } from './outside-stub.ts'

test('the fan-out example mails every reader once, and tells whom it missed', async () => {
  const readers = Array.from({ length: 120 }, (_, index) => `reader-${index}@example.org`)
  const asked = stubOutside((path, body) => {
    if (path === '/readers') return { readers }
    if ((body as { to: string }).to === readers[7]) throw new Error('no such mailbox')
    return {}
  })
  const { url, stop } = await startInProcess([newsletter, post])
  onTestFinished(stop)
  const issue = { letter: 'engines', text: 'Notes by the translator' }
  const posted = await connect(url).call(newsletter).publish(issue)
  expect(posted).toEqual({ readers: 120, missed: [readers[7]] })
  const mailed = asked.filter(({ path }) => path === '/mail/messages').map(({ body }) => body)
  const reached = readers.filter((reader) => reader !== readers[7])
  for (const to of reached) {
    expect(mailed.filter((mail) => (mail as { to: string }).to === to)).toHaveLength(1)
  }
})
