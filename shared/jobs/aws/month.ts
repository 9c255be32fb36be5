/** Returns the month of an ISO 8601 time in UTC, as in `202601`. The names of partitions with lists contain it. */
export const monthOf = (time: string): string => time.slice(0, 7).replace('-', '')
