/** No schedule of this deployment has this name. */
export class UnknownScheduleError extends Error {
  override readonly name = 'UnknownScheduleError'

  constructor(name: string) {
    super(`this deployment has no schedule ${name}`)
  }
}
