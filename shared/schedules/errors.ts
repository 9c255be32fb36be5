export class UnknownScheduleError extends Error {
  override readonly name = 'UnknownScheduleError'

  constructor(name: string, known: readonly string[]) {
    super(`schedule ${name} does not exist (schedules of this deployment: ${known.join(', ') || 'none'})`)
  }
}
