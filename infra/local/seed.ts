import '../../functions/cli/check-node.ts'
import process from 'node:process'
import prettyBytes from 'pretty-bytes'
import { runCommand } from '../../functions/cli/run-command.ts'
import { showProgress } from './demo/progress.ts'
import { seedOptions } from './seed/options.ts'
import { seedStore } from './seed/seed-store.ts'
import { openLocalStores } from './stores/local-stores.ts'

/** Writes sample data (countries and cities) to the store of the running local program. */
await runCommand('seed', async () => {
  const { cities } = seedOptions()
  const stores = await openLocalStores(process.env)
  const start = performance.now()
  const progress = showProgress()
  const onProgress = (resources: number): void => {
    progress.update('writing resources', resources, 0)
  }
  const { resources, items, blobs, bytes } = await seedStore(stores, onProgress, cities).finally(() => {
    progress.end()
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`Wrote ${resources.toLocaleString('en')} sample resources (countries and cities) in ${seconds} s:
  ${items.toLocaleString('en')} items in DynamoDB: the metadata of each resource, and its revisions
  ${blobs.toLocaleString('en')} blobs in S3: the flags and outlines of the countries
  The payloads of the revisions and the blobs have ${prettyBytes(bytes)} in total.`)
})
