/** The child's side of `startDynalite({ process: 'child' })`: serves, tells its port, ends with its parent. */
import { serveDynalite } from './dynalite-server.ts'

const { port } = await serveDynalite(process.argv[2])
process.send?.(port)
process.once('disconnect', () => process.exit(0))
