import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runCommand } from '../../functions/cli/run-command.ts'
import { openLocalStores } from './stores/local-stores.ts'
import { wipe } from './stores/wipe-store.ts'

/** `npm run wipe`: deletes all resources and blobs of the running local program. Archives and jobs are kept. */
await runCommand('wipe', async () => {
  // Rejects unknown options, before anything is deleted.
  parseArgs({ args: process.argv.slice(2), options: {} })
  const { items, blobs } = await wipe(await openLocalStores(process.env))
  console.log(`Deleted ${items} items and ${blobs} blobs. Archives and jobs are kept.`)
})
