import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { must } from '../../shared/values/must.ts'
import { expectDemoPasses, runDemo } from './run-demo.ts'

describe('npm run demo', () => {
  it('passes all of its checks and deletes its temporary folder', { timeout: 300_000 }, async () => {
    expect(await expectDemoPasses('--cities', '2000')).toContain('all 5,436 items are identical to the original data')
  })

  it('deletes its temporary folder when it is interrupted', async () => {
    const { errors, exit } = await runDemo([], async (child) => {
      // The program is running when the first line is printed.
      await once(must(child.stdout), 'data')
      child.kill('SIGINT')
    })
    expect(errors).toContain('demo: interrupted\n')
    expect(exit).toEqual([1, null])
  })

  it.each([
    [['--cities', '0'], "argument '0' is invalid. It must be an integer from 1 to 999999.\n"],
    [['--cities', '1', '--cities', '2'], "argument '2' is invalid. It may be given only once.\n"],
    [['--towns'], "error: unknown option '--towns'\n"],
  ])('rejects the arguments %j', async (args, message) => {
    const { errors, exit } = await runDemo(args)
    expect(errors).toContain(message)
    expect(exit).toEqual([2, null])
  })
})
