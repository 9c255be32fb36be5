import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { NODE_FLAGS } from '../../../infra/local/node-flags.ts'

it('npm start gives the program the flags that its stand-ins and the demo have', async () => {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
  const { scripts } = z.object({ scripts: z.object({ start: z.string() }) }).parse(JSON.parse(text))
  expect(scripts.start).toBe(`exec node ${NODE_FLAGS.join(' ')} infra/local/main.ts`)
})
