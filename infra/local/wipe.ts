import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runCommand } from '../../functions/cli/run-command.ts'
import { openLocalStores } from './stores/local-stores.ts'
import { wipe } from './stores/wipe-store.ts'

/** `npm run wipe`: empties the store of the program that runs on these ports. Archives and jobs stay. */
await runCommand('wipe', async () => {
  // What is not known here is no reason to wipe.
  parseArgs({ args: process.argv.slice(2), options: {} })
  const { items, blobs } = await wipe(await openLocalStores(process.env))
  console.log(`wiped ${items} items and ${blobs} blobs; archives and jobs stay`)
})
