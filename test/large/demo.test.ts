import { expect, it } from 'vitest'
import { expectDemoPasses } from '../program/run-demo.ts'

it('npm run demo passes all of its checks with all cities', { timeout: 600_000 }, async () => {
  expect(await expectDemoPasses('--cities', '999999')).toContain('all 49,950 items are identical to the original data')
})
