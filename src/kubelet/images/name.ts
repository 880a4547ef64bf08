/** The image's full name, as containerd has it: `nginx` is `docker.io/library/nginx:latest`. */
export function fullImageName(image: string): string {
  const hasHost = /^(?:localhost|[^/]*[.:][^/]*)\//.test(image);
  const named = hasHost ? image : image.includes("/") ? `docker.io/${image}` : `docker.io/library/${image}`;
  return /[:@][^/]*$/.test(named) ? named : `${named}:latest`;
}
