"""公平评分: periods that freeze, appeals, exclusions and revisions, and the league tables made of them."""
