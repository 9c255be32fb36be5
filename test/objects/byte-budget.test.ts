import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ByteBudget } from '../../shared/objects/byte-budget.ts'

const granted: string[] = []
const taking = (budget: ByteBudget, name: string, bytes: number): void => {
  void budget.take(bytes).then(() => granted.push(name))
}

describe('a budget of bytes', () => {
  it('makes a reader wait until earlier readers have released enough bytes', async () => {
    granted.length = 0
    const budget = new ByteBudget(10)
    taking(budget, 'a', 6)
    taking(budget, 'b', 4)
    taking(budget, 'c', 5)
    await nextTurn()
    expect(granted).toEqual(['a', 'b'])
    budget.release(4)
    await nextTurn()
    expect(granted).toEqual(['a', 'b'])
    budget.release(6)
    await nextTurn()
    expect(granted).toEqual(['a', 'b', 'c'])
  })

  it('keeps the order of the calls, although later bytes would fit', async () => {
    granted.length = 0
    const budget = new ByteBudget(10)
    taking(budget, 'a', 6)
    taking(budget, 'b', 5)
    taking(budget, 'c', 1)
    await nextTurn()
    expect(granted).toEqual(['a'])
    budget.release(6)
    await nextTurn()
    expect(granted).toEqual(['a', 'b', 'c'])
  })

  it('grants more bytes than it has if no others are taken', async () => {
    granted.length = 0
    const budget = new ByteBudget(10)
    taking(budget, 'a', 11)
    taking(budget, 'b', 1)
    await nextTurn()
    expect(granted).toEqual(['a'])
    budget.release(11)
    await nextTurn()
    expect(granted).toEqual(['a', 'b'])
  })
})
