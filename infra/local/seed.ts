import '../../functions/cli/check-node.ts'
import process from 'node:process'
import prettyBytes from 'pretty-bytes'
import { showProgress } from './demo/progress.ts'
import { runCommand } from '../../functions/cli/run-command.ts'
import { fill } from './seed/fill.ts'
import { openLocalStores } from './stores/local-stores.ts'
import { seedOptions } from './seed/options.ts'

/** `npm run seed`: fills the program that runs on these ports with countries and cities. */
await runCommand('seed', async () => {
  const { cities } = seedOptions()
  const stores = await openLocalStores(process.env)
  const start = performance.now()
  const progress = showProgress()
  const { resources, items, blobs, bytes } = await fill(
    stores,
    (done) => {
      progress.update('resources', done, 0)
    },
    cities,
  ).finally(() => {
    progress.end()
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(
    `seeded ${resources} resources (${items} items) and ${blobs} blobs, ${prettyBytes(bytes)}, in ${seconds} s`,
  )
})
