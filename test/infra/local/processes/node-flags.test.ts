import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../../../infra/local/processes/node-flags.ts'

it('npm start sets the same Node flags and environment as the demo and the local services', async () => {
  const text = await readFile(new URL('../../../../package.json', import.meta.url), 'utf8')
  const { scripts } = z.object({ scripts: z.object({ start: z.string() }) }).parse(JSON.parse(text))
  const environment = Object.entries(NODE_ENVIRONMENT).map(([name, value]) => `${name}=${value}`)
  expect(scripts.start).toBe([...environment, 'exec node', ...NODE_FLAGS, 'infra/local/main.ts'].join(' '))
})
