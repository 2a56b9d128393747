console.error("the chaos run is being written");
