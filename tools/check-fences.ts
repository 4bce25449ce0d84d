import { checkFences } from './fences.ts'

const { modules, unread, violations } = await checkFences(process.cwd())
for (const violation of violations) console.error(violation)
for (const file of unread) console.error(`not read: ${file}`)
if (modules === 0) console.error('0 modules read: the fences were not checked at all')
if (modules === 0 || unread.length > 0 || violations.length > 0) process.exitCode = 1
else console.log(`${modules} modules stay inside their layers`)
