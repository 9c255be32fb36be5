import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { runCommand } from '../../functions/cli/run-command.ts'
import { localCommand } from './local-command.ts'
import { openLocalStores } from './stores/local-stores.ts'
import { wipe } from './stores/wipe-store.ts'

/** Deletes all resources and blobs from the store of the running local program. Keeps archives, reports and jobs. */
await runCommand('wipe', async () => {
  localCommand('wipe', {
    description:
      'Deletes all resources and blobs from the store of the running local program. Keeps archives, reports and jobs.',
  }).parse()
  const { items, blobs } = await wipe(await openLocalStores(process.env))
  console.log(
    `Deleted all resources: ${items.toLocaleString('en')} items in DynamoDB and ${blobs.toLocaleString('en')} blobs in S3. ` +
      'Archives, reports and jobs were not deleted.',
  )
})
