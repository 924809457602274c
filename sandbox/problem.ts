/** Something a person has to mend: only its one line is shown, without a stack trace. */
export class Problem extends Error {
  override readonly name = "Problem";
}
