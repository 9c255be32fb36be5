import './check-node.ts'
import process from 'node:process'
import { runCommand } from './seed/command.ts'
import { openLocalStores } from './seed/local-stores.ts'
import { wipe } from './seed/wipe-store.ts'

/** `npm run wipe`: empties the store of the program that runs on these ports. Archives and jobs stay. */
await runCommand('wipe', async () => {
  const { items, blobs } = await wipe(await openLocalStores(process.env))
  console.log(`wiped ${items} items and ${blobs} blobs; archives and jobs stay`)
})
