/** An edit that was asked for is not made. Nothing was written; the message says why and what to do instead. */
export class EditRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EditRefused";
  }
}
