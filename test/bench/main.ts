import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { runCommand } from '../../functions/cli/run-command.ts'
import { benchCodec } from './codec.ts'
import { benchColdStart } from './cold-start.ts'
import { benchMemory } from './memory.ts'
import { parseOptions } from './options.ts'
import { benchSmallSegments } from './small-segments.ts'
import { benchStore } from './store.ts'

/** `npm run bench`. The README of this folder describes the options. */
await runCommand('bench', async () => {
  const options = parseOptions(process.argv.slice(2))
  for (const part of options.parts)
    if (part === 'store') await benchStore(options)
    else if (part === 'codec') await benchCodec(options)
    else if (part === 'cold-start') await benchColdStart(options)
    else if (part === 'small-segments') await benchSmallSegments(options)
    else await benchMemory(options)
})
process.exit()
